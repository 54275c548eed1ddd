import json
import random
from collections import Counter

import numpy as np
import pytest

from mmcxr.datasets.texts.prompts import load_prompt_table
from mmcxr.datasets.transforms.text import ChooseTexts
from mmcxr.registry import TRANSFORMS

FINDINGS = 'Heart is large. No effusion. Lungs are clear.'
IMPRESSION = 'Cardiomegaly.'
BACK = dict(findings='The heart is big. No liquid.', impression='Big heart.')


def build(type_, **options):
    return TRANSFORMS.build(dict(type=type_, **options))


def study(sections=None, augmented=None, labels=None):
    return dict(
        sections=sections or {},
        sections_augmented=augmented or {},
        labels=labels or {},
        study_id='s7',
        dataset='toy',
    )


def draw(transform, num=2000, **content):
    """Texts of ``num`` draws, each a tuple, from a fixed seed."""
    random.seed(0)
    np.random.seed(0)
    return Counter(tuple(transform(study(**content))['texts']) for _ in range(num))


def shares(counts):
    total = sum(counts.values())
    return {texts: count / total for texts, count in counts.items()}


def test_two_sections_are_drawn_with_replacement_and_back_translated():
    both = dict(findings='A a.', impression='B b.')
    back = dict(findings='C c.', impression='D d.')
    found = shares(draw(build('ChooseTexts'), sections=both, augmented=back))
    assert len(found) == 16  # every pair of the four texts
    assert all(abs(share - 1 / 16) < 0.03 for share in found.values())
    found = draw(build('ChooseTexts', augment_prob=0.0), sections=both, augmented=back)
    assert set(found) == {(x, y) for x in both.values() for y in both.values()}


def test_a_missing_back_translation_leaves_the_original():
    both = dict(findings='A a.', impression='B b.')
    back = dict(impression='D d.', findings=' ')
    found = draw(build('ChooseTexts'), sections=both, augmented=back)
    assert {text for pair in found for text in pair} == {'A a.', 'B b.', 'D d.'}


def test_one_section_meets_its_back_translation_in_random_order():
    content = dict(sections=dict(impression='B b.'), augmented=BACK)
    found = shares(draw(build('ChooseTexts'), **content))
    assert set(found) == {('B b.', 'Big heart.'), ('Big heart.', 'B b.')}
    assert abs(found['B b.', 'Big heart.'] - 0.5) < 0.05
    one = draw(build('ChooseTexts', num_texts=1), **content)
    assert set(one) == {('B b.',), ('Big heart.',)}
    alone = draw(build('ChooseTexts'), sections=content['sections'])
    assert set(alone) == {('B b.', 'B b.')}
    off = draw(build('ChooseTexts', augment_prob=0.0), **content)
    assert set(off) == {('B b.', 'B b.')}


def test_sentences_are_shuffled_unless_released():
    content = dict(sections=dict(findings=FINDINGS))
    shuffled = {texts[0] for texts in draw(build('ChooseTexts'), **content)}
    assert len(shuffled) == 6
    for text in shuffled:
        assert sorted(text.split('. ')[0].split()) and len(text) == len(FINDINGS)
    for options in (dict(released=True), dict(shuffle_sentences=False)):
        found = draw(build('ChooseTexts', **options), **content)
        assert set(found) == {(FINDINGS, FINDINGS)}


def test_first_is_deterministic_and_released_is_not():
    content = dict(
        sections=dict(impression=IMPRESSION, findings=FINDINGS), augmented=BACK
    )
    assert set(draw(build('ChooseTexts', mode='first'), **content)) == {
        (FINDINGS, IMPRESSION)
    }
    three = draw(build('ChooseTexts', mode='first', num_texts=3), **content)
    assert set(three) == {(FINDINGS, IMPRESSION, IMPRESSION)}
    released = draw(build('ChooseTexts', mode='first', released=True), **content)
    assert len(released) == 16


def test_same_seed_same_texts():
    content = dict(sections=dict(findings=FINDINGS, impression=IMPRESSION))
    transform = build('ChooseTexts')
    assert draw(transform, 40, **content) == draw(transform, 40, **content)


def test_labels_stand_in_for_missing_text():
    content = dict(sections=dict(findings=' '), labels=dict(Edema=1.0))
    table = load_prompt_table()['Edema']
    found = draw(build('ChooseTexts', num_texts=3), 50, **content)
    assert {text for texts in found for text in texts} <= set(table['pos'])
    assert all(len(texts) == 3 for texts in found)
    first = build('ChooseTexts', mode='first')(study(**content))
    assert first['texts'] == ['edema.', 'edema.']


def test_bad_sections_are_named():
    choose = build('ChooseTexts')
    with pytest.raises(ValueError, match="study 's7' of toy has neither text nor"):
        choose(study(sections=dict(findings='')))
    for cell in (float('nan'), ['a', 'b'], None):
        with pytest.raises(TypeError, match="'s7' of toy: sections.'findings'. is not"):
            choose(study(sections=dict(findings=cell)))
    with pytest.raises(TypeError, match='sections_augmented'):
        choose(study(sections=dict(findings='A.'), augmented=dict(findings=3)))
    with pytest.raises(ValueError, match="mode 'val' is none of train, first"):
        ChooseTexts(mode='val')


LABELS = {'Edema': 1.0, 'Fracture': 1.0, 'Pneumonia': 0.0, 'Atelectasis': -1.0}


def report_parts(texts, table):
    """{class: side} that a prompt report says, by looking every sentence up."""
    owner = {
        sentence: (name, side)
        for name, entry in table.items()
        for side, sentences in entry.items()
        for sentence in sentences
    }
    return [owner[sentence.strip() + '.'] for sentence in texts.split('.')[:-1]]


def test_prompt_report_says_each_label_once():
    table = load_prompt_table()
    orders = set()
    for texts in draw(build('PromptReport'), 60, labels=LABELS):
        for text in texts:
            parts = report_parts(text, table)
            orders.add(tuple(parts))
            assert dict(parts) == dict(
                Edema='pos', Fracture='pos', Pneumonia='neg', Atelectasis='unc'
            )
            assert len(parts) == 4
    assert len(orders) > 10


def test_num_negatives_draws_negatives_and_drops_uncertain():
    labels = {
        'Effusion': 0.0,
        'Mass': 0.0,
        'Hernia': 0.0,
        'Nodule': 0.0,
        'No Finding': 0.0,
        'Pleural Thickening': 1.0,
        'Edema': -1.0,
    }
    table = load_prompt_table()
    seen = Counter()
    for texts in draw(build('PromptReport', num_negatives=3), 200, labels=labels):
        parts = dict(report_parts(texts[0], table))
        assert parts.pop('Pleural_Thickening') == 'pos'
        assert set(parts.values()) == {'neg'} and len(parts) == 3
        seen.update(parts.keys())
    assert set(seen) == {'Pleural Effusion', 'Mass', 'Hernia', 'Nodule'}
    few = build('PromptReport', num_negatives=9)(study(labels=labels))
    assert len(report_parts(few['texts'][0], table)) == 5


def test_first_says_the_plain_positive_findings():
    first = build('PromptReport', mode='first')
    assert first(study(labels=LABELS))['texts'] == ['edema. fracture.'] * 2
    nothing = first(study(labels=dict(Edema=0.0)))['texts']
    assert nothing == ['the lungs are clear.'] * 2


@pytest.mark.parametrize('labels', [{}, {'Edema': float('nan')}, {'No Finding': 0.0}])
def test_a_study_without_labels_is_an_error_unless_released(labels):
    for mode, text in (('train', ''), ('first', 'the lungs are clear.')):
        with pytest.raises(ValueError, match="study 's7' of toy has no label"):
            build('PromptReport', mode=mode)(study(labels=labels))
        released = build('PromptReport', mode=mode, released=True)
        assert released(study(labels=labels))['texts'] == [text] * 2


def test_unknown_classes_and_labels_are_named(tmp_path):
    report = build('PromptReport')
    with pytest.raises(ValueError, match="no class 'Edemas' .nearest: 'edema'."):
        report(study(labels={'Edemas': 1.0}))
    with pytest.raises(ValueError, match="label 'Edema' is 0.5"):
        report(study(labels={'Edema': 0.5}))
    path = tmp_path / 'own.json'
    path.write_text(json.dumps({'ILD': dict(pos=['lung disease.'], neg=['none.'])}))
    own = build('PromptReport', table=str(path), rename={'Interstitial': 'ILD'})
    assert own(study(labels={'Interstitial': 1.0}))['texts'] == ['lung disease.'] * 2


@pytest.mark.parametrize(
    'rule, text',
    [
        ('longer', FINDINGS),
        ('findings', FINDINGS),
        ('impression', IMPRESSION),
        ('both', f'{FINDINGS} {IMPRESSION}'),
        ('alphabetical', FINDINGS),
    ],
)
def test_retrieval_text(rule, text):
    sections = dict(impression=IMPRESSION, findings=FINDINGS)
    results = build('RetrievalText', rule=rule)(study(sections=sections))
    assert (results['text'], results['texts']) == (text, [text])


def test_retrieval_rules_differ_where_they_should():
    sections = dict(findings='Long but early in the alphabet.', impression='Zebra.')
    take = {
        rule: build('RetrievalText', rule=rule)(study(sections=sections))['text']
        for rule in ('longer', 'alphabetical')
    }
    assert take == dict(longer=sections['findings'], alphabetical='Zebra.')
    one = study(sections=dict(impression='Zebra.', findings=''))
    for rule in ('longer', 'both', 'alphabetical'):
        assert build('RetrievalText', rule=rule)(one)['text'] == 'Zebra.'
    with pytest.raises(ValueError, match="study 's7' of toy has no findings$"):
        build('RetrievalText', rule='findings')(one)
    with pytest.raises(ValueError, match='none of longer'):
        build('RetrievalText', rule='longest')


def test_tokenize(tmp_path):
    vocab = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'no', 'effusion', '.']
    path = tmp_path / 'vocab.txt'
    path.write_text('\n'.join(vocab))
    tokenizer = dict(type='HFTokenizer', name=str(path))
    results = dict(study(), texts=['No effusion.', 'No'])
    ids = build('Tokenize', tokenizer=tokenizer)(results)['input_ids']
    assert [array.tolist() for array in ids] == [[2, 4, 5, 6, 3], [2, 4, 3]]
    assert {array.dtype for array in ids} == {np.dtype(np.int64)}
    short = build('Tokenize', tokenizer=tokenizer, max_length=4)(results)
    assert short['input_ids'][0].tolist() == [2, 4, 5, 3]
    with pytest.raises(TypeError, match="study 's7' of toy: texts are a list"):
        build('Tokenize', tokenizer=tokenizer)(dict(study(), texts='No effusion.'))
