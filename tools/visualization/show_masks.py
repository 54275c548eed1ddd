r"""Draw true and predicted masks over films.

python tools/visualization/show_masks.py configs/benchmarks/segmentation/....py \
    work_dirs/.../best_....pth --out work_dirs/masks
"""

import argparse
import sys

from mmengine.config import DictAction


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description='Draw true and predicted outlines over films, each with its Dice, '
        'and a contact sheet of all'
    )
    parser.add_argument('config', help='config of a segmentation model')
    parser.add_argument('checkpoint', help='file that fills its model')
    parser.add_argument('--out', default='work_dirs/masks', help='folder to write to')
    parser.add_argument('--num', type=int, default=16, help='how many; 0 is all')
    parser.add_argument('--phase', choices=('val', 'test'), default='test')
    parser.add_argument('--device', default='cpu', help="such as 'cuda'")
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
    from mmcxr.apis.show_masks import show_masks

    files = show_masks(
        args.config,
        args.checkpoint,
        args.out,
        num=args.num,
        phase=args.phase,
        device=args.device,
        cfg_options=args.cfg_options,
    )
    print(f'{len(files) - 1} films in {args.out}, all of them in {files[-1].name}')


if __name__ == '__main__':
    try:
        main()
    except (ValueError, OSError) as error:
        print(f'show_masks.py: {error}', file=sys.stderr)
        sys.exit(2)
