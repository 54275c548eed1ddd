"""Where a GPU's time goes: kernels of a step by kind, from torch's profiler."""

import re
from collections import Counter

import torch
from torch.profiler import ProfilerActivity, profile

# The first that fits; names of PyTorch 2.11, cuDNN and cuBLAS on Hopper.
KINDS = {
    'attention': r'sdpa|flash|fmha|dq_to_16bits|dot_do_o',
    'matrix products': r'gemm|nvjet|cublas|splitk',
    'convolutions': r'conv|cudnn|xmma|nchwTo|nhwcTo',
    'optimizer': r'multi_tensor',
    'compiled': r'triton',
    'batch norm': r'batch_norm',
    'layer norm': r'layer_norm|GammaBeta',
    'softmax and loss': r'softmax|nll',
    'copies and casts': r'copy|Memcpy|CatArray',
    'sums': r'reduce',
    'elementwise': r'elementwise',
}


def costs(step, steps: int = 3) -> dict[str, float]:
    """Milliseconds of a step by kind of kernel, the largest first."""
    torch.cuda.synchronize()
    with profile(activities=[ProfilerActivity.CUDA]) as found:
        for _ in range(steps):
            step()
        torch.cuda.synchronize()
    times = Counter()
    for event in found.key_averages():
        annotation = event.key.startswith(('Optimizer.', 'ProfilerStep'))
        if event.device_type.name == 'CUDA' and not annotation:
            times[kind_of(event.key)] += event.self_device_time_total / 1e3 / steps
    return {kind: round(time, 2) for kind, time in times.most_common()}


def kind_of(kernel: str) -> str:
    """Kind of a kernel by its name."""
    for kind, pattern in KINDS.items():
        if re.search(pattern, kernel, re.IGNORECASE):
            return kind
    return 'other'
