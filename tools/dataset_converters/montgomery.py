r"""Convert Montgomery County, tuberculosis films of the NLM.

SOURCE is the download; see mmcxr/preparing/readers/montgomery.py.

python tools/dataset_converters/montgomery.py MontgomerySet \
    --out data/montgomery --size 512
"""

import sys

from mmcxr.preparing.command import run

if __name__ == '__main__':
    sys.exit(run('montgomery', __doc__))
