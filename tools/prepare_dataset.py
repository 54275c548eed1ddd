"""Prepare a dataset: convert an official download, read or write lists, draw films.

python tools/prepare_dataset.py --help
python tools/prepare_dataset.py chexpert CheXpert-v1.0 --out data/chexpert --size 512
python tools/prepare_dataset.py chexpert --help
"""

import sys

from mmcxr.preparing.command import main

if __name__ == '__main__':
    sys.exit(main())
