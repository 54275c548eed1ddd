"""Convert the RSNA Pneumonia Detection Challenge.

SOURCE is the download of stage 2; see mmcxr/preparing/readers/rsna.py.

python tools/dataset_converters/rsna.py rsna-pneumonia --out data/rsna --size 512
"""

import sys

from mmcxr.preparing.command import run

if __name__ == '__main__':
    sys.exit(run('rsna', __doc__))
