"""Convert PadChest.

SOURCE holds the table of labels and the films in their archives or unpacked; see
mmcxr/preparing/readers/padchest.py.

python tools/dataset_converters/padchest.py padchest --out data/padchest --size 512
"""

import sys

from mmcxr.preparing.command import run

if __name__ == '__main__':
    sys.exit(run('padchest', __doc__))
