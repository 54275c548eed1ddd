# Plain CLIP in CXR-CLIP's code: no image-image and no text-text loss, still the mean
# over the four pairs of a view and a text; Swin-Tiny on MIMIC-CXR.
_base_ = './cxr-clip_swin-t-bioclinicalbert_4xb32-15e_m-224px.py'
model = dict(image_weight=0.0, text_weight=0.0)
val_evaluator = dict(image_weight=0.0, text_weight=0.0)
