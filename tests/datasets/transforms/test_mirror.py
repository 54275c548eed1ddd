"""A mirrored film gets the mirrored text, and no other film does."""

import numpy as np
import pytest

from mmcxr.datasets.texts.laterality import swap_sides
from mmcxr.datasets.texts.tokenizers import HFTokenizer
from mmcxr.datasets.texts.wordpiece import train_wordpiece
from mmcxr.registry import DATASETS, TRANSFORMS

TEXTS = ['Left effusion.', 'Clear.']


def mirror(**results):
    return TRANSFORMS.build(dict(type='MirrorText'))(results)


def test_texts_follow_the_film():
    assert mirror(flip=False, texts=TEXTS)['texts'] == TEXTS
    assert mirror(flip=True, texts=TEXTS)['texts'] == ['Right effusion.', 'Clear.']
    assert TEXTS[0] == 'Left effusion.'


def test_cached_ids_follow_the_film():
    ids, mirrored = [np.array([1])], [np.array([2])]
    for flip, expected in ((False, ids), (True, mirrored)):
        results = mirror(flip=flip, input_ids=ids, mirrored_ids=mirrored)
        assert results['input_ids'] is expected and 'mirrored_ids' not in results


def test_what_is_missing_is_said():
    with pytest.raises(ValueError, match="study 's7' of toy: nothing says .*FilmFlip"):
        mirror(texts=TEXTS, study_id='s7', dataset='toy')
    for flip in (False, True):  # not only where the film happens to be mirrored
        with pytest.raises(ValueError, match='before Tokenize, or mirrored=True'):
            mirror(flip=flip, input_ids=[np.array([1])])


@pytest.mark.parametrize('cached', [False, True])
def test_through_a_dataset(make_dataset, cached):
    """Pixels tell whether a film was mirrored, ids whether its report was."""
    reports = ['Left effusion, right clear.', 'Left effusion, right clear.']
    reports += ['No mass on the LEFT.', '', 'No effusion.', '']
    root = make_dataset(reports=reports)
    train_wordpiece([*reports[:5], 'Right RIGHT left'] * 2, 60, root / 'tokenizer')
    tokenizer = dict(type='HFTokenizer', name=str(root / 'tokenizer'))
    film = [dict(type='LoadFilm'), dict(type='FilmFlip'), dict(type='MirrorText')]
    tokens = [] if cached else [dict(type='Tokenize', tokenizer=tokenizer)]
    cache = dict(type='CachedTokenizer', tokenizer=tokenizer, mirrored=True)
    dataset = DATASETS.build(
        dict(
            type='ImageTextDataset',
            data_root=str(root),
            texts='whole',
            level='image',
            tokenizer=cache if cached else None,
            pipeline=[*film, *tokens, dict(type='PackStudy')],
        )
    )
    still = DATASETS.build(
        dict(
            type='ImageTextDataset',
            data_root=str(root),
            texts='whole',
            level='image',
            pipeline=[film[0]],
        )
    )
    encode, seen = HFTokenizer(str(root / 'tokenizer')), []
    for number in range(8 * len(dataset)):
        packed, plain = dataset[number], still[number % len(dataset)]
        image, text = packed['inputs']['image'][0].numpy(), plain['texts'][0]
        flipped = np.array_equal(image, plain['img'][:, ::-1])
        assert flipped != np.array_equal(image, plain['img'])
        expected = encode([swap_sides(text) if flipped else text])[0]
        assert packed['inputs']['input_ids'][0].tolist() == expected
        seen.append(flipped)
    assert 0.2 < np.mean(seen) < 0.8
    ids = encode([reports[0], swap_sides(reports[0])])
    assert ids[0] != ids[1] and sorted(ids[0]) == sorted(ids[1])
