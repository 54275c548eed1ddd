"""Convert Object-CXR.

SOURCE is the official download; see mmcxr/preparing/readers/object_cxr.py.

python tools/dataset_converters/object_cxr.py object-CXR --out data/object-cxr
"""

import sys

from mmcxr.preparing.command import run

if __name__ == '__main__':
    sys.exit(run('object_cxr', __doc__))
