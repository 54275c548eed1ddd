"""Convert VinDr-CXR.

SOURCE is the download of PhysioNet, or that of Kaggle's VinBigData challenge; see
mmcxr/preparing/readers/vindr_cxr.py.

python tools/dataset_converters/vindr_cxr.py vindr-cxr --out data/vindr-cxr --size 512
"""

import sys

from mmcxr.preparing.command import run

if __name__ == '__main__':
    sys.exit(run('vindr_cxr', __doc__))
