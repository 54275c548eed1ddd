# Image-text retrieval both ways; the pool sizes are printed with the result.
#   python tools/test.py configs/benchmarks/retrieval/chexpert-5x200/cxr-clip_r50.py r50_m.tar
# Expected values: see model_zoo.md.
_base_ = [
    '../../../_base_/models/cxr-clip_r50.py',
    '../../../_base_/datasets/chexpert-5x200_pairs_test_224.py',
    '../../../_base_/default_runtime.py',
]
