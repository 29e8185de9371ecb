"""The public pictures, as type checkers see them: each is imported when first used."""

from forecast.plots.fan import Bands as Bands
from forecast.plots.fan import Effect as Effect
from forecast.plots.fan import draw_difference as draw_difference
from forecast.plots.fan import draw_effect as draw_effect
from forecast.plots.fan import draw_fan as draw_fan
from forecast.plots.fan import draw_history as draw_history
from forecast.plots.fan import fan_figure as fan_figure
from forecast.plots.fan import history_figure as history_figure
from forecast.plots.scenario import draw_composition as draw_composition
from forecast.plots.scenario import draw_timeline as draw_timeline
from forecast.plots.sensitivity import draw_densities as draw_densities
from forecast.plots.sensitivity import draw_ecdfs as draw_ecdfs
from forecast.plots.sensitivity import draw_scatter as draw_scatter
from forecast.plots.sensitivity import draw_shares as draw_shares
from forecast.plots.sensitivity import draw_tornado as draw_tornado
from forecast.plots.sensitivity import draw_waterfall as draw_waterfall
from forecast.plots.style import Heading as Heading
from forecast.plots.style import save_figure as save_figure
from forecast.plots.style import titled_figure as titled_figure
