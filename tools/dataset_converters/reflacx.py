r"""Convert REFLACX, readings of MIMIC-CXR films.

SOURCE is the download of PhysioNet; the films are MIMIC-CXR's, as released or as
converted; see mmcxr/preparing/readers/reflacx.py.

python tools/dataset_converters/reflacx.py reflacx-xray-localization \
    --films data/mimic-cxr --out data/reflacx
"""

import sys

from mmcxr.preparing.command import run

if __name__ == '__main__':
    sys.exit(run('reflacx', __doc__))
