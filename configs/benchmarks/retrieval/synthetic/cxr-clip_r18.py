# Image-text retrieval both ways among held-out synthetic studies.
#   python tools/test.py configs/benchmarks/retrieval/synthetic/cxr-clip_r18.py CHECKPOINT
_base_ = [
    '../../../_base_/models/cxr-clip_r18-bert-mini.py',
    '../../../_base_/datasets/synthetic_pairs_test_96.py',
    '../../../_base_/default_runtime.py',
]
