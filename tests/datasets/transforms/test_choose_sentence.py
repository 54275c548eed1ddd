"""One sentence of a report, by the rules of ConVIRT and GLoRIA."""

import json

import numpy as np
import pytest

from mmcxr.datasets.texts.gloria_tokenizer import word_sentences
from mmcxr.registry import TRANSFORMS

FINDINGS = 'The heart is enlarged. No change. Small left pleural effusion is seen.'
IMPRESSION = 'Cardiomegaly. Effusion.'


def choose(results=None, **options):
    transform = TRANSFORMS.build(dict(type='ChooseSentence', **options))
    sections = results or dict(findings=FINDINGS, impression=IMPRESSION)
    return transform(dict(study_id='s1', dataset='tiny', sections=sections))['texts']


def test_all_long_sentences_are_drawn_and_no_other():
    found = {choose()[0] for _ in range(60)}
    assert found == {
        'The heart is enlarged.',
        'Small left pleural effusion is seen.',
    }


def test_in_validation_the_first_is_taken():
    assert choose(mode='first') == ['The heart is enlarged.']


def test_a_section_is_asked_for_where_there_is_one():
    assert choose(sections=['impression'], min_words=1, mode='first') == [
        'Cardiomegaly.'
    ]
    only = dict(findings=FINDINGS)
    found = choose(only, sections=['impression'], split='gloria', mode='first')
    assert found == ['the heart is enlarged']


def test_a_study_of_short_sentences_gives_its_longest():
    assert choose(dict(impression='Normal. No change. Clear.')) == ['No change.']


def test_no_words_and_no_such_rule():
    with pytest.raises(ValueError, match="study 's1' of tiny has no sentence"):
        choose(dict(impression='1. 2.'), split='gloria')
    with pytest.raises(ValueError, match='is none of report, gloria'):
        choose(split='nltk')


def test_rules_equal_the_authors(shared_dir):
    folder = shared_dir / 'golden/cxrlearn/pretrain_text'
    manifest = json.loads((folder / 'manifest.json').read_text())
    inputs, expected = manifest['inputs'], manifest['expected']
    for report, sentences in zip(
        inputs['reports'], expected['gloria_sentences'], strict=True
    ):
        long = [s for s in word_sentences(report) if len(s.split()) >= 2]
        assert long == (sentences or [])
    kept = [len(sentence.split()) >= 4 for sentence in inputs['sentences']]
    np.testing.assert_array_equal(kept, expected['convirt_kept'])
