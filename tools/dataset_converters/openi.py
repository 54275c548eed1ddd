"""Convert Open-I, the Indiana University collection.

SOURCE holds NLMCXR_reports.tgz and NLMCXR_png.tgz or NLMCXR_dcm.tgz, packed or
unpacked; see mmcxr/preparing/readers/openi.py.

python tools/dataset_converters/openi.py openi --out data/openi --size 512
"""

import sys

from mmcxr.preparing.command import run

if __name__ == '__main__':
    sys.exit(run('openi', __doc__))
