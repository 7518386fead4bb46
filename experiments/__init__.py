"""How agents are studied: configs become cells, cells become runs, runs become tables."""
