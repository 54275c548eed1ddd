# CXR-CLIP with Swin-Tiny and BERT-base; built without any download.
# image_pooling='avg' is what the paper intends and the default for training;
# published files need 'token0' (and were trained with a constant drop path of 0.1
# on the attention branch).
model = dict(
    type='CXRCLIP',
    data_preprocessor=dict(
        type='FilmPreprocessor', mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)),
    image_backbone=dict(
        type='mmpretrain.SwinTransformer', arch='tiny', img_size=224,
        drop_path_rate=0.1),
    image_channels=768,
    text_backbone=dict(type='BertEncoder', config=dict(vocab_size=28996)),
    text_channels=768,
    embed_dims=512,
    tokenizer=dict(
        type='HFTokenizer', name='emilyalsentzer/Bio_ClinicalBERT', lowercase=True))
# What the published file is, and how its authors see films.
published = dict(
    checkpoint='checkpoints/swint_m.tar', model=dict(image_pooling='token0'),
    film_pipeline=[
        dict(type='FilmResize', size=224), dict(type='FilmCenterCrop', size=224)])
