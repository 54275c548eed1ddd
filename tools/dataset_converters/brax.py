r"""Convert BRAX 1.1.0.

SOURCE is the download of PhysioNet, its PNG or its DICOM films; see
mmcxr/preparing/readers/brax.py.

python tools/dataset_converters/brax.py physionet.org/files/brax/1.1.0 \
    --out data/brax --size 512
"""

import sys

from mmcxr.preparing.command import run

if __name__ == '__main__':
    sys.exit(run('brax', __doc__))
