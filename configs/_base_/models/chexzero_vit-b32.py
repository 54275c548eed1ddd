# CheXzero: CLIP ViT-B/32 with OpenAI's QuickGELU, built without any download. Films
# come fitted into 320 px and are brought to 224 after normalisation, as its code does.
model = dict(
    type='CXRCLIP',
    data_preprocessor=dict(
        type='FilmPreprocessor',
        mean=[101.48761 / 255] * 3, std=[83.43944 / 255] * 3,
        resize=dict(size=(224, 224), mode='bicubic')),
    image_backbone=dict(type='CLIPViT', arch='base', patch_size=32),
    image_channels=512,
    text_backbone=dict(type='CLIPTextEncoder'),
    text_channels=512,
    embed_dims=512,
    projection=dict(type='NoProjection'),
    image_weight=0.0,
    text_weight=0.0,
    tokenizer=dict(type='CLIPTokenizer'))
# What the published file is, and how its authors see films.
published = dict(
    checkpoint='checkpoints/chexzero.pt',
    film_pipeline=[
        dict(type='FilmFit', size=320, interpolation='lanczos', truncate_both=True)])
