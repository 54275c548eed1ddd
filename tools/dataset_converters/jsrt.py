"""Convert JSRT's digital image database, with SCR's outlines.

SOURCE holds the films (*.IMG), CLNDAT_EN.txt, CNNDAT_EN.txt and perhaps SCR's folder
scratch/; see mmcxr/preparing/readers/jsrt.py.

python tools/dataset_converters/jsrt.py jsrt --out data/jsrt --size 1024
"""

import sys

from mmcxr.preparing.command import run

if __name__ == '__main__':
    sys.exit(run('jsrt', __doc__))
