"""Sources: sites, folders, repositories, help centres, wikis and buckets that are looked at again.

`protocol` is what a connector of a kind does, `kinds` has the connectors, `articles` what those of APIs share, `runner`
looks at the sources that are due, `items` keeps what a look has found, and `sources` is what operators do with them.
"""
