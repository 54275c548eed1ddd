# Plain CLIP in CXR-CLIP's code: no image-image and no text-text loss, still the mean
# over the four pairs of a view and a text; ResNet-50 on MIMIC-CXR.
_base_ = './cxr-clip_r50-bioclinicalbert_4xb32-15e_m-224px.py'
model = dict(image_weight=0.0, text_weight=0.0)
val_evaluator = dict(image_weight=0.0, text_weight=0.0)
