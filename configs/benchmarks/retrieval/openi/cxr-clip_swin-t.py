# Image-text retrieval both ways; the pool sizes are printed with the result.
#   python tools/test.py configs/benchmarks/retrieval/openi/cxr-clip_swin-t.py swint_m.tar
# Expected values: see model_zoo.md.
# Published files pool the top left token; one of ours takes image_pooling='avg'.
_base_ = [
    '../../../_base_/models/cxr-clip_swin-t.py',
    '../../../_base_/datasets/openi_pairs_test_224.py',
    '../../../_base_/default_runtime.py',
]
model = dict(image_pooling='token0')
