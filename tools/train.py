"""Train a model.

python tools/train.py configs/cxr_clip/....py --cfg-options train_cfg.max_epochs=2
"""

import argparse
import sys

from mmengine.config import DictAction


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description='Train a model')
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--work-dir',
        help='where logs and checkpoints go (default: work_dirs/<config>, of a '
        'benchmark work_dirs/<task>_<dataset>_<config>)',
    )
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        help='checkpoint to go on from; alone or with `auto` the last one in the work '
        'dir, where there is one',
    )
    parser.add_argument('--amp', action='store_true', help='compute in bfloat16')
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate by the real over the base batch size',
    )
    parser.add_argument('--seed', type=int, help="seed, in place of the config's")
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
        help='change the config: model.backbone.depth=18 key="[a,b]"',
    )
    try:
        return parser.parse_args()
    except ValueError:  # out of DictAction
        parser.error('--cfg-options takes KEY=VALUE pairs')


def main() -> int:
    """Parse, and train."""
    args = parse_args()
    from mmcxr.engine.launch import train

    return train(
        args.config,
        work_dir=args.work_dir,
        resume=args.resume,
        amp=args.amp,
        auto_scale_lr=args.auto_scale_lr,
        launcher=args.launcher,
        seed=args.seed,
        cfg_options=args.cfg_options,
        encoder=args.encoder,
    )


if __name__ == '__main__':
    sys.exit(main())
