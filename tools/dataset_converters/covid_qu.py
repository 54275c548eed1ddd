"""Old name of ``tools/prepare_dataset.py covid-qu``."""

from mmcxr.preparing.command import old_name

if __name__ == '__main__':
    old_name('covid-qu')
