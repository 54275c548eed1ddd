import json
import re

import pytest
from mmengine.config import Config

from mmcxr.datasets.texts.prompts import class_key, load_prompt_table
from mmcxr.datasets.texts.prompts.findings import WITHOUT_UNCERTAIN
from mmcxr.engine.config_file import load_config

CHEXPERT = (
    'No Finding, Enlarged Cardiomediastinum, Cardiomegaly, Lung Lesion, '
    'Lung Opacity, Edema, Consolidation, Pneumonia, Atelectasis, Pneumothorax, '
    'Pleural Effusion, Pleural Other, Fracture, Support Devices'
).split(', ')


@pytest.fixture(scope='module')
def table():
    return load_prompt_table()


def test_own_table_has_the_published_structure(table):
    assert set(table) == {*CHEXPERT, *WITHOUT_UNCERTAIN} and len(table) == 21
    for name, entry in table.items():
        assert set(entry) == {'pos', 'neg', 'unc'}
        assert entry['pos']
        assert bool(entry['neg']) == (name != 'No Finding')
        assert bool(entry['unc']) == (name in CHEXPERT and name != 'No Finding')
    # The first sentence is the plain finding: validation says it alone.
    assert table['Consolidation']['pos'][0] == 'consolidation.'
    assert table['Pleural Effusion']['pos'][0] == 'pleural effusion.'
    assert table['No Finding']['pos'][0] == 'the lungs are clear.'


def test_sentences_are_distinct_and_well_formed(table):
    owner = {}
    for name, entry in table.items():
        for kind, sentences in entry.items():
            assert len(sentences) == len(set(sentences))
            for sentence in sentences:
                assert re.fullmatch(r'[a-z][a-z ,]+\.', sentence), sentence
                assert '  ' not in sentence
                # No sentence says two things.
                assert owner.setdefault(sentence, (name, kind)) == (name, kind)


def test_verbs_agree(table):
    everything = {s for e in table.values() for kind in e.values() for s in kind}
    assert {'there are support devices.', 'there is a mass.'} <= everything
    assert {'no airspace opacities are visible.', 'fibrosis is present.'} <= everything
    assert 'atelectasis is present.' in everything


def test_released_layout_loads(tmp_path):
    path = tmp_path / 'prompts.json'
    path.write_text(
        json.dumps(
            {
                'No Finding': dict(pos=['clear.'], neg=[''], unc=['']),
                'Mass': dict(pos=['mass.', 'a mass.'], neg=['no mass.']),
            }
        )
    )
    assert load_prompt_table(path) == {
        'No Finding': dict(pos=['clear.'], neg=[], unc=[]),
        'Mass': dict(pos=['mass.', 'a mass.'], neg=['no mass.'], unc=[]),
    }


@pytest.mark.parametrize(
    'content, message',
    [
        ('[1]', r'prompts\.json: a prompt table is'),
        ('{', r'prompts\.json: not JSON'),
        ('{"Mass": ["mass."]}', "class 'Mass': not a dict"),
        ('{"Mass": {"pos": "mass."}}', "class 'Mass': 'pos' is not a list"),
        ('{"Mass": {"pos": ["m."], "neg": [1]}}', "'neg' is not a list"),
        ('{"Mass": {"pos": [""]}}', '"pos" has no sentence'),
        ('{"Mass": {"pos": ["m."], "maybe": []}}', "unknown list 'maybe'"),
    ],
)
def test_bad_tables_are_named(tmp_path, content, message):
    path = tmp_path / 'prompts.json'
    path.write_text(content)
    with pytest.raises(ValueError, match=message):
        load_prompt_table(path)


def test_class_key():
    assert class_key('Pleural_Thickening') == class_key('pleural  thickening')


@pytest.fixture(scope='module')
def prompts(repo_dir):
    """Those of each zero-shot config, by its folder and name."""
    folder = repo_dir / 'configs/benchmarks/zero_shot'
    return {
        path.relative_to(folder).with_suffix('').as_posix(): load_config(path)
        for path in sorted(folder.glob('*/*.py'))
    }


def test_every_config_has_whole_prompts(prompts, tmp_path):
    assert len(prompts) == 13
    for name, config in prompts.items():
        head = config.model.prompt_head
        assert head.prompts == config.prompts, name
        assert head.tokenizer == config.model.tokenizer, name
        config.dump(tmp_path / 'dumped.py')
        assert Config.fromfile(tmp_path / 'dumped.py').prompts == config.prompts
        for lists in config.prompts.values():
            multi_class = isinstance(lists, list)
            assert multi_class or set(lists) == {'pos', 'neg'}
            for sentences in [lists] if multi_class else lists.values():
                assert sentences
                for sentence in sentences:
                    assert sentence and sentence == ' '.join(sentence.split())


def test_chexpert_5x200_counts(prompts):
    released = prompts['chexpert-5x200/cxr-clip_released'].prompts
    assert {name: len(sentences) for name, sentences in released.items()} == {
        'Atelectasis': 210,
        'Cardiomegaly': 15,
        'Consolidation': 192,
        'Edema': 18,
        'Pleural Effusion': 54,
    }
    assert released['Atelectasis'][0] == 'subsegmental atelectasis at the mid lung zone'
    assert released['Pleural Effusion'][-1] == (
        'increased tiny bilateral pleural effusion'
    )
    single = prompts['chexpert-5x200/cxr-clip'].prompts
    assert list(single) == list(released)
    for name, sentences in single.items():
        assert sorted(sentences) == sorted(set(released[name]))
    assert len(single['Pleural Effusion']) == 36


def test_vindr_has_the_18_classes_in_order(prompts):
    classes = list(prompts['vindr-cxr/cxr-clip'].prompts)
    assert len(classes) == 18
    assert classes[9] == 'Nodule/Mass' and classes[-3] == 'Lung tumor'
    assert prompts['vindr-cxr/cxr-clip'].prompts['ILD'] == dict(
        pos=['ILD'], neg=['No ILD']
    )
    assert list(prompts['vindr-cxr/cxr-clip_ensemble'].prompts) == classes
