"""What makes the host wait for a device, found on a CPU too."""

import torch
from torch.utils._python_dispatch import TorchDispatchMode

# Operations whose result, or its size, the host must read from the device.
READS = (
    'aten._local_scalar_dense',
    'aten.nonzero',
    'aten.masked_select',
    'aten.is_nonzero',
    'aten.equal',
    'aten._unique2',
    'aten.unique_dim',
    'aten.repeat_interleave.Tensor',
)


class NoWaiting(TorchDispatchMode):
    """Refuses operations that would wait on a device, and indices by masks."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = str(function)
        if any(name == read or name.startswith(f'{read}.') for read in READS):
            raise AssertionError(f'the host waits for the device: {name}')
        if name.startswith(('aten.index.', 'aten.index_put')):
            if any(i is not None and i.dtype == torch.bool for i in args[1]):
                raise AssertionError(f'the host waits for the device: {name} by a mask')
        return function(*args, **(kwargs or {}))
