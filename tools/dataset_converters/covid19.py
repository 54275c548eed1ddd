"""Convert the COVID-19 Image Data Collection.

python tools/dataset_converters/covid19.py covid-chestxray-dataset --out data/covid19
"""

import sys

from mmcxr.preparing.command import run

if __name__ == '__main__':
    sys.exit(run('covid19', __doc__))
