import random

from mmcxr.preparing.lists.matching import WAYS, match_images

PATH, END, ID, FILE = WAYS


def match(names, images):
    """{name: (image, way)} of what was found, and what was not."""
    found = match_images(names, images)
    pairs = {n: (images[row], found.ways[n]) for n, row in found.rows.items()}
    return pairs, found.missing, found.ambiguous


def test_the_four_ways():
    images = ['a/x.png', 'train/p1/s1/v.jpg', '1.dcm', '00000001_000.png', 'i/u.png']
    images += ['CXR7_IM-0001-2001.png']
    names = {
        'a/x.png': ('a/x.png', PATH),
        'CheX-small/train/p1/s1/v.png': ('train/p1/s1/v.jpg', END),
        'stage_2/1.dcm': ('1.dcm', END),
        'images_001/images/00000001_000.jpg': ('00000001_000.png', END),
        'u': ('i/u.png', END),
        'open-i/7_IM-0001-2001.dcm.png': ('CXR7_IM-0001-2001.png', ID),
        'other/u2.png': None,
    }
    found, missing, ambiguous = match(list(names), images)
    assert found == {name: to for name, to in names.items() if to}
    assert missing == ('other/u2.png',) and not ambiguous
    assert match(['sick/t1.png'], ['tb/t1.png'])[0] == {
        'sick/t1.png': ('tb/t1.png', FILE)
    }


def test_nothing_is_guessed():
    # One name, two images.
    found, missing, ambiguous = match(['x.png'], ['a/x.png', 'b/x.png'])
    assert not found and not missing
    assert ambiguous == {'x.png': '2 images: a/x.png, b/x.png'}
    # Two names, one image: which of them is it?
    found, _, ambiguous = match(['a/x.png', 'b/x.png'], ['x.png'])
    assert not found and set(ambiguous) == {'a/x.png', 'b/x.png'}
    # The collection has 000001.jpg and 000001.png; one is there under its own name.
    found, _, ambiguous = match(['1.jpg', '1.png'], ['1.jpg'])
    assert list(found) == ['1.jpg'] and list(ambiguous) == ['1.png']
    # Another folder, and the file name is not unique among the listed.
    found, missing, ambiguous = match(['train/n/1.png', 'test/n/1.png'], ['x/1.png'])
    assert not found and len(missing) == 2
    # The longest end that fits wins, for a film in one more folder.
    found, _, _ = match(['q/a/x.png'], ['x.png', 'a/x.png', 'c/x.png'])
    assert found == {'q/a/x.png': ('a/x.png', END)}
    # Two spellings of one known film are no contradiction.
    names = ['a/00000001_000.png', 'b/00000001_000.jpg']
    assert len(match(names, ['00000001_000.png'])[0]) == 2


def test_any_order_and_copies_of_whole_datasets():
    rng = random.Random(0)
    images = [f'train/p{i}/s{i % 3}/v{i % 2}.jpg' for i in range(300)]
    names = [f'Big/{image[:-3]}png' for image in images]
    for _ in range(3):
        rng.shuffle(names)
        found = match_images(names, images)
        assert len(found.rows) == 300
        assert all(names_row(name, images) == row for name, row in found.rows.items())


def names_row(name, images):
    return images.index(name.removeprefix('Big/')[:-3] + 'jpg')
