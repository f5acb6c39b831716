"""Which photographs the installed packages carry. Light: the Snakefile's check of names reads it.

Pool E (`SCENES`: rated set, judgement, transfer) and pool T (`TRAINING`) share no scene. Pool E is colour, because
three of the 25 distortions leave a grey picture unchanged. Left out of pool T: drawings, icons and charts, pictures
below 150 pixels, the motion-blurred clock (an HR target without detail), and the right view of `motorcycle`, which
shows a scene of pool E.
"""

# scene: (package, file in it, credit)
SCENES: dict[str, tuple[str, str, str]] = {
    "astronaut": ("skimage", "data/astronaut.png", "Eileen Collins, NASA Great Images, public domain"),
    "chelsea": ("skimage", "data/chelsea.png", "Stefan van der Walt, CC0"),
    "china": ("sklearn", "datasets/images/china.jpg", "danielbuechele, flickr.com/photos/danielbuechele, CC BY 2.0"),
    "coffee": ("skimage", "data/coffee.png", "Rachel Michetti, courtesy of Pikolo Espresso Bar, CC0"),
    "flower": ("sklearn", "datasets/images/flower.jpg", "vultilion, flickr.com/photos/vultilion, CC BY 2.0"),
    "grace-hopper": (
        "matplotlib",
        "mpl-data/sample_data/grace_hopper.jpg",
        "Grace Hopper, James S. Davis, US Navy, public domain",
    ),
    "motorcycle": (
        "skimage",
        "data/motorcycle_left.png",
        "Middlebury 2014 stereo benchmark, Nesic, Westling, Wang, Kitajima, Krathwohl, Scharstein",
    ),
    "rocket": ("skimage", "data/rocket.jpg", "SpaceX Photos, public domain"),
}
TRAINING: dict[str, tuple[str, str, str]] = {
    "brick": ("skimage", "data/brick.png", "CC0Textures Bricks25, CC0"),
    "camera": ("skimage", "data/camera.png", "Lav Varshney, CC0"),
    "cell": ("skimage", "data/cell.png", "Mueller, Schuermann, Girardo, Cojoc, Guck 2018, CC0"),
    "coins": ("skimage", "data/coins.png", "Brooklyn Museum Collection, no known copyright restrictions"),
    "grass": ("skimage", "data/grass.png", "LinoLafett, DeviantArt, CC0"),
    "gravel": ("skimage", "data/gravel.png", "CC0Textures Gravel04, CC0"),
    "hubble-deep-field": ("skimage", "data/hubble_deep_field.jpg", "NASA, HubbleSite, public domain"),
    "ihc": ("skimage", "data/ihc.png", "Center for Microscopy and Molecular Imaging, no known restrictions"),
    "moon": ("skimage", "data/moon.png", "scikit-image"),
    "page": ("skimage", "data/page.png", "scikit-image"),
    "retina": ("skimage", "data/retina.jpg", "Mikael Haeggstroem, Wikimedia Commons, CC0"),
    "text": ("skimage", "data/text.png", "Wikipedia, File:Corner.png, public domain"),
}
DISTRIBUTIONS = {"skimage": "scikit-image", "sklearn": "scikit-learn", "matplotlib": "matplotlib"}
