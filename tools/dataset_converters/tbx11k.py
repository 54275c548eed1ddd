"""Convert TBX11K.

SOURCE is the official download; see mmcxr/preparing/readers/tbx11k.py.

python tools/dataset_converters/tbx11k.py TBX11K --out data/tbx11k
"""

import sys

from mmcxr.preparing.command import run

if __name__ == '__main__':
    sys.exit(run('tbx11k', __doc__))
