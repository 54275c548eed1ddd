"""Convert ChestX-ray14 (NIH).

SOURCE is the download; see mmcxr/preparing/readers/chest_xray14.py.

python tools/dataset_converters/chest_xray14.py nih --out data/chestx-ray14 --size 512
"""

import sys

from mmcxr.preparing.command import run

if __name__ == '__main__':
    sys.exit(run('chest_xray14', __doc__))
