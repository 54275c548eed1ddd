"""Draw samples of a config's dataset as the model gets them.

python tools/misc/browse_dataset.py configs/cxr_clip/....py --out work_dirs/browse
"""

import argparse
import sys

from mmengine.config import DictAction


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description='Draw films, masks, texts and labels after the pipeline, as PNG'
    )
    parser.add_argument('config', help='config file')
    parser.add_argument('--out', default='work_dirs/browse', help='folder to write to')
    parser.add_argument('--phase', choices=('train', 'val', 'test'), default='train')
    parser.add_argument('--num', type=int, default=10, help='how many; 0 is all')
    parser.add_argument('--epoch', type=int, default=0, help='epoch to look at')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='change the config first',
    )
    try:
        return parser.parse_args()
    except ValueError:  # out of DictAction
        parser.error('--cfg-options takes KEY=VALUE pairs')


def main() -> None:
    """Draw, and say where."""
    args = parse_args()
    from mmcxr.apis.browse import browse_dataset

    files = browse_dataset(
        args.config,
        args.out,
        phase=args.phase,
        num=args.num,
        epoch=args.epoch,
        seed=args.seed,
        cfg_options=args.cfg_options,
    )
    print(f'{len(files)} samples in {args.out}, the first {files[0].name}')


if __name__ == '__main__':
    try:
        main()
    except (ValueError, OSError) as error:
        print(f'browse_dataset.py: {error}', file=sys.stderr)
        sys.exit(2)
