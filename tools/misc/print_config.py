"""Print the merged config, or where each of its types is defined.

python tools/misc/print_config.py configs/cxr_clip/....py --where
"""

import argparse
import sys

from mmengine.config import DictAction


def main() -> int:
    """Parse, and print."""
    parser = argparse.ArgumentParser(description='Print a config with its bases merged')
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--where',
        action='store_true',
        help='print each type with the file and line of its definition instead',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='change the config first',
    )
    try:
        args = parser.parse_args()
    except ValueError:  # out of DictAction
        parser.error('--cfg-options takes KEY=VALUE pairs')
    from mmcxr.engine.config_print import print_config

    return print_config(args.config, args.where, args.cfg_options)


if __name__ == '__main__':
    sys.exit(main())
