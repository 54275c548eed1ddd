r"""Convert Shenzhen, tuberculosis films of the NLM.

SOURCE is the download; see mmcxr/preparing/readers/shenzhen.py.

python tools/dataset_converters/shenzhen.py ChinaSet_AllFiles \
    --out data/shenzhen --size 512
"""

import sys

from mmcxr.preparing.command import run

if __name__ == '__main__':
    sys.exit(run('shenzhen', __doc__))
