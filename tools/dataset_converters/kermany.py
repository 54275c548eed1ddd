"""Convert chest X-ray pneumonia of Kermany et al.

SOURCE is the download; see mmcxr/preparing/readers/kermany.py.

python tools/dataset_converters/kermany.py chest_xray --out data/kermany
"""

import sys

from mmcxr.preparing.command import run

if __name__ == '__main__':
    sys.exit(run('kermany', __doc__))
