# The experiments of the SemperOS paper, drawn: bench/run.sh calls
#     gnuplot -e "dir='build/bench'" bench/semperos.gp
# with what `across chains` and `across trees` have printed in DIR/chains.csv and DIR/trees*.csv.
set terminal svg size 900,560 font 'sans,13' background 'white'
set datafile separator ','
set key top left reverse Left
set grid lc rgb '#dddddd'
set ylabel 'steps of the REVOKE (a visit to a capability is one)'

set output dir.'/chains.svg'
set title 'Chains: all on one kernel, and to and fro between two'
set xlabel 'capabilities'
set logscale y
chain(kernels, column) = sprintf("< awk -F, '$2 == %d { print $1 \",\" $%d }' %s/chains.csv", \
                                 kernels, column, dir)
plot chain(1, 4) with lines lw 2 lc 'black' title 'local', \
     chain(2, 4) with lines lw 2 lc rgb '#1f77b4' title 'spanning, a message takes 2 steps', \
     chain(2, 6) with lines lw 2 lc rgb '#2ca02c' title 'spanning, 10 steps', \
     chain(2, 8) with lines lw 2 lc rgb '#d62728' title 'spanning, 100 steps'
unset logscale y

tree(below, others) = sprintf("< awk -F, '$2 == %d { print $1 \",\" $7 }' %s/trees%d.csv", \
                              others, dir, below)
set xlabel 'children of the root'
set xrange [0:128]
set linetype 1 lc rgb '#d62728'; set linetype 2 lc rgb '#ff7f0e'; set linetype 3 lc rgb '#2ca02c'
set linetype 4 lc rgb '#1f77b4'; set linetype 5 lc rgb '#9467bd'; set linetype 6 lc rgb '#8c564b'
do for [below in '0 10'] {
    set output dir.'/trees'.below.'.svg'
    set title 'Trees spread over kernels, '.(below eq '0' ? 'nothing' : below.' capabilities'). \
              ' below each child; '. \
              'a message takes 10 steps'
    plot tree(below + 0, 0) with lines lw 3 lc 'black' title 'local', \
         for [others in '1 2 4 8 12'] tree(below + 0, others + 0) with lines lw 2 \
             title 'on '.others.' other kernel'.(others eq '1' ? '' : 's')
}
