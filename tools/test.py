"""Evaluate a checkpoint.

    python tools/test.py configs/cxr_clip/....py work_dirs/.../epoch_15.pth

The checkpoint may be one of ours or a published file; it must fill the whole model.
"""

import argparse
import sys

from mmengine.config import DictAction


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description='Evaluate a checkpoint')
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file, ours or a published one')
    parser.add_argument(
        '--work-dir',
        help='where results go (default: work_dirs/<config>, of a benchmark '
        'work_dirs/<task>_<dataset>_<config>); other results there are set aside',
    )
    parser.add_argument(
        '--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none'
    )
    parser.add_argument(
        '--encoder',
        metavar='NAME[=FILE]',
        help="another encoder than the config's: a name of "
        'tools/misc/list_encoders.py, or the config of a method',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='change the config: test_dataloader.batch_size=8 key="[a,b]"',
    )
    try:
        return parser.parse_args()
    except ValueError:  # out of DictAction
        parser.error('--cfg-options takes KEY=VALUE pairs')


def main() -> int:
    """Parse, and test."""
    args = parse_args()
    from mmcxr.engine.launch import test

    return test(
        args.config,
        args.checkpoint,
        work_dir=args.work_dir,
        launcher=args.launcher,
        cfg_options=args.cfg_options,
        encoder=args.encoder,
    )


if __name__ == '__main__':
    sys.exit(main())
