r"""Convert RANZCR CLiP, catheter and line position.

SOURCE holds train.csv, train_annotations.csv, train/ and perhaps test/; see
mmcxr/preparing/readers/ranzcr_clip.py.

python tools/dataset_converters/ranzcr_clip.py ranzcr-clip --out data/ranzcr-clip \
    --size 512
"""

import sys

from mmcxr.preparing.command import run

if __name__ == '__main__':
    sys.exit(run('ranzcr_clip', __doc__))
