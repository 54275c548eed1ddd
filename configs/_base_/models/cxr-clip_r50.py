# CXR-CLIP with ResNet-50 and BERT-base, as released; built without any download.
# The vocabulary of Bio_ClinicalBERT is cased, yet its texts are lower-cased.
model = dict(
    type='CXRCLIP',
    data_preprocessor=dict(type='FilmPreprocessor'),  # ImageNet's mean and std
    image_backbone=dict(type='mmpretrain.ResNet', depth=50, out_indices=(3, )),
    image_channels=2048,
    text_backbone=dict(type='BertEncoder', config=dict(vocab_size=28996)),
    text_channels=768,
    embed_dims=512,
    tokenizer=dict(
        type='HFTokenizer', name='emilyalsentzer/Bio_ClinicalBERT', lowercase=True))
# What the published file is, and how its authors see films.
published = dict(
    checkpoint='checkpoints/r50_m.tar',
    film_pipeline=[
        dict(type='FilmResize', size=224), dict(type='FilmCenterCrop', size=224)])
