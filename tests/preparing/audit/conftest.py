"""Lists and links written in a few lines."""

import pytest

from mmcxr.preparing.audit.links import Links
from mmcxr.preparing.audit.subject import subject_of_lists
from mmcxr.preparing.lists.split_lists import read_split_lists


@pytest.fixture
def subject(tmp_path):
    """Subject of lists given as text by split."""

    def make(links=None, name='mine', labels=(), **texts):
        folder = tmp_path / name
        folder.mkdir()
        for split, text in texts.items():
            (folder / f'{split}.txt').write_text(text)
        files = {split: folder / f'{split}.txt' for split in texts}
        lists = read_split_lists(name, files, labels)
        return subject_of_lists(lists, links or Links())

    return make
