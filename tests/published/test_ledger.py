"""No key gets lost between a checkpoint and its conversion."""

import pytest
import torch

from mmcxr.published.ledger import ConversionError, Ledger, listed, weights_in

ONE, TWO = torch.ones(2), torch.zeros(3)


def test_every_key_is_mapped_or_dropped():
    ledger = Ledger({'a': ONE, 'b': TWO, 'c': ONE}, 'file')
    ledger.move('a', 'x')
    ledger.put('y', ledger.take('b') + 1)
    ledger.drop('c', 'not needed')
    result = ledger.close()
    assert result.keys() == {'x', 'y'} and torch.equal(result['y'], TWO + 1)
    assert ledger.dropped == {'c': 'not needed'}


def test_left_over_missing_and_doubled_keys_are_errors():
    ledger = Ledger({'a': ONE, 'b': TWO}, 'file')
    with pytest.raises(ConversionError, match='file: the checkpoint lacks c'):
        ledger.take('c')
    ledger.move('a', 'x')
    with pytest.raises(ConversionError, match='1 entries .* unknown .*: b'):
        ledger.close()
    with pytest.raises(ConversionError, match='both become x'):
        ledger.move('b', 'x')


@pytest.mark.parametrize('container', ['state_dict', 'model', None])
@pytest.mark.parametrize('prefix', ['', 'module.'])
def test_weights_are_found(container, prefix):
    weights = {f'{prefix}a.b': ONE, f'{prefix}c': TWO}
    checkpoint = {container: weights, 'epoch': 1} if container else weights
    assert weights_in(checkpoint).keys() == {'a.b', 'c'}


def test_module_prefix_goes_only_where_all_have_it():
    assert weights_in({'module.a': ONE, 'b': ONE}).keys() == {'module.a', 'b'}


@pytest.mark.parametrize('content', [3, [ONE], {}, {'a': 1}, {'a': ONE, 'b': 'x'}])
def test_no_weights(content):
    assert weights_in(content) == {}


def test_listed():
    assert listed('ba') == 'a, b'
    assert listed('gfedcba', most=2) == 'a, b and 5 more'


def test_state_dicts_side_by_side():
    one, two = torch.ones(1), torch.zeros(2)
    parts = dict(image={'module.x': one}, text={'y': two}, config=dict(lr=0.1), epoch=3)
    assert weights_in(parts) == {'image.x': one, 'text.y': two}
    assert weights_in(dict(image={'x': one}, optimizer=dict(state={}))) == {}
