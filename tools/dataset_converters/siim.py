"""Convert SIIM-ACR Pneumothorax Segmentation.

SOURCE is the download of the challenge (DICOM, stage 1 or 2), its copy in PNG, or the
folders of MRM's segmentation; see mmcxr/preparing/readers/siim.py.

python tools/dataset_converters/siim.py siim-acr --out data/siim --size 512
"""

import sys

from mmcxr.preparing.command import run

if __name__ == '__main__':
    sys.exit(run('siim', __doc__))
