"""Physical constants (SI)."""

GRAVITY = 9.81  # m/s2
WATER_DENSITY = 1000.0  # kg/m3, ELM's denh2o
ICE_DENSITY = 917.0  # kg/m3, ELM's denice
GRAIN_DENSITY = 2700.0  # kg/m3, ELM's mineral density in the bulk density
WATER_WEIGHT = WATER_DENSITY * GRAVITY  # N/m3
SECONDS_PER_DAY = 86400.0
SECONDS_PER_HOUR = 3600.0
