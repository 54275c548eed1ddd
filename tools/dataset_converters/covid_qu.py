r"""Convert COVID-QU, the COVID-19 Radiography Database.

SOURCE is the download; see mmcxr/preparing/readers/covid_qu.py.

python tools/dataset_converters/covid_qu.py COVID-19_Radiography_Dataset \
    --out data/covid-qu
"""

import sys

from mmcxr.preparing.command import run

if __name__ == '__main__':
    sys.exit(run('covid_qu', __doc__))
