"""Convert CheXpert v1.0, full or small.

SOURCE is the download; see mmcxr/preparing/readers/chexpert.py.

python tools/dataset_converters/chexpert.py CheXpert-v1.0 --out data/chexpert --size 512
"""

import sys

from mmcxr.preparing.command import run

if __name__ == '__main__':
    sys.exit(run('chexpert', __doc__))
