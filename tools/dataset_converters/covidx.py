"""Convert COVIDx CXR-4.

SOURCE is the download; see mmcxr/preparing/readers/covidx.py.

python tools/dataset_converters/covidx.py covidx-cxr2 --out data/covidx --size 512
"""

import sys

from mmcxr.preparing.command import run

if __name__ == '__main__':
    sys.exit(run('covidx', __doc__))
