r"""Convert MIMIC-CXR-JPG 2.x, or MIMIC-CXR with its DICOM files.

SOURCE is a folder with the downloads, reports included; see
mmcxr/preparing/readers/mimic_cxr.py.

python tools/dataset_converters/mimic_cxr.py physionet.org/files \
    --out data/mimic-cxr --size 512 --workers 8
"""

import sys

from mmcxr.preparing.command import run

if __name__ == '__main__':
    sys.exit(run('mimic_cxr', __doc__))
