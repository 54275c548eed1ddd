"""Write the weights of a checkpoint to share them.

    python tools/misc/publish_model.py work_dirs/x/epoch_15.pth cxr-clip_r50.pth

writes cxr-clip_r50-1a2b3c4d.pth: weights and class names, without optimizer, log
history, config or paths; torch.load(weights_only=True) reads it. Where the run
averaged its weights, the averaged ones are written.
"""

import argparse
import sys

from mmcxr.engine.publishing import SUFFIXES, publish_checkpoint


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('checkpoint', help='training checkpoint, or a published file')
    parser.add_argument('out', help='file to write; a digest is added to its name')
    parser.add_argument(
        '--format', choices=tuple(SUFFIXES), help='default: by the suffix of OUT'
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Publish and say where the file is."""
    args = parse_args(argv)
    path = publish_checkpoint(args.checkpoint, args.out, args.format)
    print(f'wrote {path} ({path.stat().st_size / 1e6:.1f} MB)')


if __name__ == '__main__':
    try:
        main()
    except (ValueError, OSError) as error:
        print(f'publish_model.py: {error}', file=sys.stderr)
        sys.exit(2)
