# Zero-shot with CXR-CLIP's prompts: VinDr-CXR, 18 classes, macro AUROC.
#   python tools/test.py configs/benchmarks/zero_shot/vindr-cxr/cxr-clip.py r50_m.tar
# CXR-CLIP with Swin-Tiny: swint_m.tar --encoder cxr-clip_swin-t
# Expected values: see model_zoo.md.
# CXR-CLIP's zero-shot prompts for VinDr-CXR: of the 20 labels it reads the 18 with
# more than ten positives in the test set, the raw name against "No {name}".
_base_ = [
    '../../../_base_/datasets/films_test_224.py',
    '../../../_base_/default_runtime.py',
]
data_root = 'data/vindr-cxr'
test_dataloader = dict(dataset=dict(type='VinDrCXR', data_root=data_root))
test_evaluator = dict(type='ClassificationMetric', task='multilabel')
prompts = {
    name: dict(pos=[name], neg=[f'No {name}'])
    for name in (
        'Aortic enlargement', 'Atelectasis', 'Calcification', 'Cardiomegaly',
        'Consolidation', 'ILD', 'Infiltration', 'Lung Opacity',
        'Mediastinal shift', 'Nodule/Mass', 'Pleural effusion',
        'Pleural thickening', 'Pneumothorax', 'Pulmonary fibrosis',
        'Rib fracture', 'Lung tumor', 'Pneumonia', 'Tuberculosis')
}
encoder = 'cxr-clip_r50'
model = dict(
    prompt_head=dict(
        type='PromptHead', prompts=prompts))
