r"""Convert CheXpert 5x200, the films of CheXpert that GLoRIA's list names.

SOURCE is CheXpert, with the list in it or given as --films; see
mmcxr/preparing/readers/chexpert_5x200.py.

python tools/dataset_converters/chexpert_5x200.py CheXpert-v1.0 \
    --films chexpert_5x200.csv --out data/chexpert-5x200 --size 512
"""

import sys

from mmcxr.preparing.command import run

if __name__ == '__main__':
    sys.exit(run('chexpert_5x200', __doc__))
